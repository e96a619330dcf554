extension ConfigurationReader {
    /// Addresses and networks, comma-separated, of proxies whose word on the client's address is believed.
    mutating func proxies(_ name: String) -> TrustedProxies {
        var networks: [IPNetwork] = []
        for text in list(name) {
            guard let network = IPNetwork(text) else {
                find(name, "\(text) must be an address, or a network such as 10.0.0.0/8 without further bits")
                continue
            }
            if network.isEverything {
                find(name, "\(text) trusts everybody: whoever connects could say that they come from anywhere")
            }
            networks.append(network)
        }
        return TrustedProxies(networks)
    }
}
