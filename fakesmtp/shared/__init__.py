"""What servers with the same store share beside messages: accounts and fault rules."""
