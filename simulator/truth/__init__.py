"""What only the simulator knows: exact probabilities, causes, effects, the ledger; as files."""
