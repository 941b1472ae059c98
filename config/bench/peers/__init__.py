"""The feed as others would serve it: a plain view as the floor, and Django REST framework by the book."""
