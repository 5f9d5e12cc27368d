"""What many tests lean on."""
