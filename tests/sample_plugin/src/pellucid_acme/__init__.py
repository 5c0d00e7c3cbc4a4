"""The manifest of pellucid-acme: names, and where each implementation is found when it is first built."""

from pellucid import hookimpl


@hookimpl
def pellucid_register(registry):
    registry.layer("rbf", "pellucid_acme.rbf:RBF", summary="radial basis functions")
    registry.loss("huber", "pellucid_acme.huber:Huber", summary="squared error near zero, absolute error far away")
    registry.optimizer("rmsprop", "pellucid_acme.rmsprop:RMSProp", summary="steps divided by the gradient's size")
    registry.dataset("noisy_sine", "pellucid_acme.noisy_sine:NoisySine", summary="a sine with gross errors")
    registry.view("hill", "pellucid_acme.hill:Hill", summary="the learned curve, and one of its hills")
