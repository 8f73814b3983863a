"""What breaks, on purpose: each module is a fault and returns figures, which tests judge and `__main__` prints."""
