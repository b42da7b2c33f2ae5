"""What several tests share: a real daemon, a client, recorded sessions."""
