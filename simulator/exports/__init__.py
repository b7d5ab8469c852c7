"""What the company's systems write down of it: late, noisy, and in the contract's tables."""
