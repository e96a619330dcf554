// Trusted types, which TypeScript 4.8 does not know.
interface TrustedScriptURL { readonly brand: "TrustedScriptURL" }
interface TrustedTypePolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): TrustedScriptURL };
}
interface Window { readonly trustedTypes?: TrustedTypePolicyFactory }
