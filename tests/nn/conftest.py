"""Small networks run on one thread: more made them many times slower on a busy machine."""

import torch

torch.set_num_threads(1)
