"""Who follows a fit: each does what `kbuilder.contracts.Listener` says."""
