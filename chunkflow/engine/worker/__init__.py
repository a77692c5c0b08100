"""What runs in a worker: text in, what the processors say of it out."""
