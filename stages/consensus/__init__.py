"""Join what people answered with what they were asked: the training dataset."""
