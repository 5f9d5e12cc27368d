"""Pages that stand on several rooms."""
