"""What people are told of: written by the drain (likes) and by tasks (the rest), filtered when it is read."""
