"""Backbones that are fine-tuned: modes partial, full and scratch.

finetune   finetune: the backbone trained in place, resumed after a kill
backbone   what a backbone has to offer; learning rates of its layers
batches    rows and their mini-batches, the same after a kill
lightning  the Lightning module; imported only while training
advice     whether fine-tuning would pay
"""
