"""What a step is made of, recorded: quantities and calls, and who watches for them."""
