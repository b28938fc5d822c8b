"""The training loop, what moves the learning rate, callbacks, and how a training is looked at."""
