"""The manifest of pellucid-plugname: names, and where each implementation is found when it is first built."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    # kind: layer
    registry.layer("gain", "pellucid_plugname.layers:Gain", summary="a factor for each feature")
    # kind: loss
    registry.loss("log_cosh", "pellucid_plugname.losses:LogCosh", summary="squared near zero, absolute far away")
    # kind: objective
    registry.objective("denoise", "pellucid_plugname.objectives:Denoise", summary="undoes noise that it adds itself")
    # kind: optimizer
    registry.optimizer("lion", "pellucid_plugname.optimizers:Lion", summary="steps by the sign of the momentum")
    # kind: schedule
    registry.schedule("inverse_sqrt", "pellucid_plugname.schedules:InverseSqrt", summary="warm-up, then 1/√step")
    # kind: initializer
    registry.initializer("uniform", "pellucid_plugname.initializers:Uniform", summary="uniform in ±limit")
    # kind: regularizer
    registry.regularizer("elastic_net", "pellucid_plugname.regularizers:ElasticNet", summary="absolute and squared")
    # kind: metric
    registry.metric("within", "pellucid_plugname.metrics:Within", summary="the share of values that are nearly right")
    # kind: transform
    registry.transform("center", "pellucid_plugname.transforms:Center", summary="takes the mean of each column away")
    # kind: model
    registry.model("bottleneck", "pellucid_plugname.models:bottleneck", summary="a narrow layer between two wide ones")
    # kind: dataset
    registry.dataset("wave", "pellucid_plugname.datasets:Wave", summary="a sine with noise")
    # kind: feed
    registry.feed("noise", "pellucid_plugname.feeds:Noise", summary="uniform numbers, drawn as they are asked for")
    # kind: sampler
    registry.sampler("alike", "pellucid_plugname.samplers:Alike", summary="batches of samples that are alike")
    # kind: backend
    registry.backend("plain", "pellucid_plugname.backends:Plain", summary="every operation by NumPy")
    # kind: callback
    registry.callback("patience", "pellucid_plugname.callbacks:Patience", summary="ends a run that gets no better")
    # kind: view
    registry.view("what_if", "pellucid_plugname.views:WhatIf", summary="one number of a sample, changed")
    # kind: op
    registry.layer("cube", "pellucid_plugname.cubes:Cube", summary="y = x³, by an op")
    registry.op("cube_forward", reference="pellucid_plugname.ops:cube_forward", summary="y = x³")
    registry.op("cube_backward", reference="pellucid_plugname.ops:cube_backward", summary="dx = 3x² dy")
    # kind: command
    registry.command("parameters", "pellucid_plugname.commands:parameters", summary="how many a model has")
