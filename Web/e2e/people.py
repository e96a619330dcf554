"""More people than the first user."""

import uuid

PASSWORD = "a long password of theirs"


def make_user(studio, role="artist", credits=0):
    """A person with a role and so many credits; their email."""
    email = f"{role}-{uuid.uuid4().hex[:8]}@studio.local"
    body = {"email": email, "displayName": email.split("@")[0], "password": PASSWORD, "roles": [role], "credits": credits}
    studio.call("POST", "/api/v1/admin/users", body, {"idempotency-key": uuid.uuid4().hex})
    return email
