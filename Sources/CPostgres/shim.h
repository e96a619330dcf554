// libpq, and a door for each thing of it that Swift cannot import.
#ifndef STUDIO_CPOSTGRES_SHIM_H
#define STUDIO_CPOSTGRES_SHIM_H

#include <postgresql/libpq-fe.h>

// PG_DIAG_* are character macros, which Swift does not import as integers of PQresultErrorField's type.
static const int studio_pg_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int studio_pg_diag_constraint_name = PG_DIAG_CONSTRAINT_NAME;

#endif
