"""Who may read: bearer tokens, browser sessions, and the hosts that a request may name."""
