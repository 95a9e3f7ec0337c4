"""Steering: what can be done, while RL runs, so that a policy that is paid for exploits learns less of them.

An arm acts at some of the places of `arm.Arm`: on what is sampled, on rewards, on likelihoods, on gradients, on
updates. Labels, pairs and probes know the kinds of exploit that the rung names as known; all others are seen by the
metrics alone.
"""
