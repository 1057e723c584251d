"""Credits: the account, its ledger, and the holds of running jobs. One credit buys one image."""
