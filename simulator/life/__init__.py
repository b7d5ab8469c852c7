"""What truly happens: who the customers are, how their health moves, what they sign and end."""
