"""Who is on the local network: hosts by their MACs and addresses, what they call themselves, when they started, what they pass on."""
