import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// Who asks: a user whose token was good and whose account is not disabled.
struct Caller: Sendable, Hashable {
    let userID: UserID
    let tenantID: TenantID
    let tenantName: String
    let email: String
    let displayName: String
    let roles: Set<Role>
    /// When the token ends; a connection that lasts longer is closed then.
    let tokenExpiresAt: Date

    /// Whether they run the studio for all its tenants: an administrator of the studio's own tenant, the one that the
    /// first login belongs to. An administrator of any other tenant is that tenant's alone.
    var isOperator: Bool {
        tenantName == WorkspaceLayout.defaultTenant && Permission.administer.isGranted(to: roles)
    }
}

extension Caller {
    /// Who the log of actions says it was, and by which request.
    func author(_ context: GatewayContext) -> ActionAuthor {
        ActionAuthor(tenant: tenantID, user: userID, requestID: context.requestID)
    }
}

extension GatewayContext {
    /// The caller, who must be known and may do this.
    ///
    /// Throws `unauthenticated` (401) without a token and `forbidden` (403) where no role of the caller grants it.
    @discardableResult
    func require(_ permission: Permission) throws(StudioError) -> Caller {
        guard let caller else {
            throw StudioError(.unauthenticated, "this needs an Authorization header with a bearer token")
        }
        guard permission.isGranted(to: caller.roles) else {
            throw StudioError(.forbidden, "none of your roles allows this")
        }
        return caller
    }

    /// The caller, who must be an operator: an administrator of the studio's own tenant.
    ///
    /// Throws `unauthenticated` (401) without a token and `forbidden` (403) for everybody else.
    @discardableResult
    func requireOperator() throws(StudioError) -> Caller {
        let caller = try require(.administer)
        guard caller.isOperator else { throw StudioError(.forbidden, "only the studio's operators may do this") }
        return caller
    }
}
