"""What secrets look like: by their own shape, by the name they are given, by the place they hold."""
