"""Steps made of your own code, a function, a script or an image, and what they need in the account."""
