"""What a failed import means, in words, and what to do."""
