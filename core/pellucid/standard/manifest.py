"""The core's own manifest: it registers through the same hook as a stranger's plugin."""

from __future__ import annotations

from pellucid.registry.derivatives import Derivatives
from pellucid.registry.hookspecs import hookimpl
from pellucid.registry.manifest import Registrar
from pellucid.standard.intact import guarded

__all__ = ["guarded", "pellucid_derivatives", "pellucid_register"]
"""``guarded`` stands around the import of every manifest."""


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    layers = "pellucid.standard.layers"
    registry.layer("dense", f"{layers}.dense:Dense", summary="y = f(xW + b), every input to every unit")
    registry.layer("neuron", f"{layers}.neuron:Neuron", summary="dense in plain Python, for the first lesson")
    registry.layer("transposed", f"{layers}.dense:Transposed", summary="dense, with another's weight transposed")
    registry.layer("flatten", f"{layers}.reshape:Flatten", summary="all features of a sample in one row")
    registry.layer("reshape", f"{layers}.reshape:Reshape", summary="the same features in another shape")
    registry.layer("dropout", f"{layers}.dropout:Dropout", summary="drops a fraction of the features in training")
    norms = f"{layers}.normalisation"
    registry.layer("batch_norm", f"{norms}:BatchNorm", summary="normalises each feature over the batch")
    registry.layer("layer_norm", f"{norms}:LayerNorm", summary="normalises each sample over its features")

    activations = f"{layers}.activations"
    registry.layer("relu", f"{activations}:ReLU", summary="max(0, x)")
    registry.layer("leaky_relu", f"{activations}:LeakyReLU", summary="x, and αx below zero")
    registry.layer("prelu", f"{layers}.prelu:PReLU", summary="x, and αx below zero with a learned α")
    registry.layer("elu", f"{activations}:ELU", summary="x, and α(eˣ − 1) below zero")
    registry.layer("sigmoid", f"{activations}:Sigmoid", summary="1 / (1 + e⁻ˣ)")
    registry.layer("tanh", f"{activations}:Tanh", summary="hyperbolic tangent")
    registry.layer("softplus", f"{activations}:Softplus", summary="log(1 + eˣ)")
    registry.layer("silu", f"{activations}:SiLU", summary="x·sigmoid(x)")
    registry.layer("gelu", f"{activations}:GELU", summary="x·Φ(x), with the exact normal distribution")
    registry.layer("softmax", f"{activations}:Softmax", summary="probabilities that sum to one over the features")

    containers = f"{layers}.containers"
    registry.layer("sequential", f"{containers}:Sequential", summary="one layer after another")
    registry.layer("stack", f"{layers}.stack:Stack", summary="one after another; a mask goes to each that takes it")
    registry.layer("residual", f"{containers}:Residual", summary="y = x + f(x)")
    registry.layer("parallel", f"{containers}:Parallel", summary="several layers on one input, joined or added")

    functions = "pellucid.standard.functions"
    registry.layer("function", f"{functions}:FunctionLayer", summary="a plain function of Variables")
    registry.loss("function", f"{functions}:FunctionLoss", summary="a plain function of prediction and target")
    registry.metric("function", f"{functions}:FunctionMetric", summary="a plain function of predictions and targets")

    losses = "pellucid.standard.losses"
    registry.loss("softmax_cross_entropy", f"{losses}.softmax_cross_entropy:SoftmaxCrossEntropy",
                  summary="classification with one class per sample, on logits")  # fmt: skip
    registry.loss("binary_cross_entropy", f"{losses}.binary_cross_entropy:BinaryCrossEntropy",
                  summary="classification with yes or no per output, on logits")  # fmt: skip
    registry.loss("mse", f"{losses}.outputwise:MSE", summary="mean squared error")
    registry.loss("mae", f"{losses}.absolute_error:AbsoluteError",
                  summary="mean absolute error: what lies far away pulls no more than others")  # fmt: skip
    registry.loss("huber", f"{losses}.huber:Huber", summary="squared error near the target, absolute beyond δ")
    registry.loss("cosine_similarity", f"{losses}.cosine_similarity:CosineSimilarity",
                  summary="1 − the cosine of the angle between prediction and target")  # fmt: skip
    registry.loss("kl_divergence", f"{losses}.kl_divergence:KLDivergence",
                  summary="KL(target ‖ softmax), of given probabilities, on logits")  # fmt: skip
    registry.loss("focal", f"{losses}.focal:Focal",
                  summary="classification where one class is rare: the sure count little, on logits")  # fmt: skip
    registry.loss("binary_focal", f"{losses}.binary_focal:BinaryFocal",
                  summary="the same with yes or no per output, on logits")  # fmt: skip
    registry.loss("hinge", f"{losses}.hinge:Hinge", summary="the right class ahead of the others by a margin")
    registry.loss("signed", f"{losses}.signed:Signed", summary="another loss, with weights that may be negative")
    registry.objective("supervised", "pellucid.standard.supervised:Supervised", summary="a loss on the output")
    registry.objective("masked", "pellucid.standard.masked:Masked", summary="a loss on the steps that a mask leaves")

    registry.objective("several_losses", "pellucid.standard.several_losses:SeveralLosses",
                       summary="a loss for each of several outputs")  # fmt: skip

    optimizers = "pellucid.standard.optimizers"
    registry.optimizer("sgd", f"{optimizers}.sgd:SGD", summary="stochastic gradient descent with momentum")
    registry.optimizer("adam", f"{optimizers}.adam:Adam", summary="steps scaled by moments of the gradient")
    registry.optimizer("adamw", f"{optimizers}.adam:AdamW", summary="Adam with decoupled weight decay")
    registry.optimizer("adagrad", f"{optimizers}.adagrad:Adagrad", summary="steps scaled by all squared gradients")
    registry.optimizer("rmsprop", f"{optimizers}.rmsprop:RMSprop", summary="steps scaled by recent squared gradients")
    registry.optimizer("lion", f"{optimizers}.lion:Lion", summary="steps of one length along the sign of a mean")
    registry.optimizer("muon", f"{optimizers}.muon:Muon", summary="orthogonal steps for matrices, adamw for the rest")
    registry.optimizer("by_path", f"{optimizers}.combined:ByPath", summary="an optimizer for each part of a model")
    registry.optimizer("moving", f"{optimizers}.combined:Moving", summary="parts that follow others, as averages")
    registry.optimizer("clipped", f"{optimizers}.clipped:Clipped", summary="bounds on every number of the gradient")
    schedules = "pellucid.standard.schedules"
    registry.schedule("constant", f"{schedules}.constant:Constant", summary="the same learning rate throughout")
    registry.schedule("scaled", f"{schedules}.constant:ScaledRate", summary="another schedule times a number")
    registry.schedule("cosine", f"{schedules}.cosine:Cosine", summary="warm-up, then half a cosine down")
    registry.schedule("linear", f"{schedules}.linear:LinearRate", summary="evenly from one factor to another")
    registry.schedule("exponential", f"{schedules}.exponential:ExponentialRate", summary="one factor again and again")
    registry.schedule("inverse_time", f"{schedules}.inverse_time:InverseTime", summary="1/(1 + dt), for ever")
    registry.schedule("step", f"{schedules}.step:StepRate", summary="down at parts of the run, or every n steps")
    registry.schedule("one_cycle", f"{schedules}.one_cycle:OneCycle", summary="up to the full rate and down, once")
    registry.schedule("warmup", f"{schedules}.warmup:Warmup", summary="rises evenly, then another schedule")

    initializers = "pellucid.standard.initializers"
    registry.initializer("zeros", f"{initializers}.fixed:Zeros", summary="all zero")
    registry.initializer("ones", f"{initializers}.fixed:Ones", summary="all one")
    registry.initializer("constant", f"{initializers}.fixed:Constant", summary="one number for all")
    registry.initializer("normal", f"{initializers}.drawn:Normal", summary="normal with a given deviation")
    registry.initializer("uniform", f"{initializers}.drawn:Uniform", summary="uniform between two bounds")
    registry.initializer("truncated_normal", f"{initializers}.drawn:TruncatedNormal", summary="normal, no outliers")
    registry.initializer("he", f"{initializers}.scaled:He", summary="variance 2/fan_in, for ReLU")
    registry.initializer("glorot", f"{initializers}.scaled:Glorot", summary="variance 2/(fan_in + fan_out)")
    registry.initializer("lecun", f"{initializers}.scaled:Lecun", summary="variance 1/fan_in")
    registry.initializer("orthogonal", f"{initializers}.orthogonal:Orthogonal", summary="columns that keep lengths")

    regularizers = "pellucid.standard.regularizers"
    registry.regularizer("l1", f"{regularizers}:L1", summary="λ‖θ‖₁: many small numbers come near 0")
    registry.regularizer("l2", f"{regularizers}:L2", summary="(λ/2)‖θ‖²")
    registry.regularizer("elastic_net", f"{regularizers}:ElasticNet", summary="l1 and l2, of one parameter")
    metrics = "pellucid.standard.metrics"
    registry.metric("accuracy", f"{metrics}.accuracy:Accuracy", summary="fraction of samples classified rightly")
    registry.metric("top_k", f"{metrics}.accuracy:TopK", summary="fraction whose class is among the k likeliest")
    registry.metric("confusion_matrix", f"{metrics}.confusion:ConfusionMatrix", summary="what each class is taken for")
    registry.metric("precision", f"{metrics}.confusion:Precision", summary="of those taken for a class, the right ones")
    registry.metric("recall", f"{metrics}.confusion:Recall", summary="of those of a class, the ones found")
    registry.metric("f1", f"{metrics}.confusion:F1", summary="harmonic mean of precision and recall")
    registry.metric("roc_auc", f"{metrics}.ranking:ROCAUC", summary="area under the ROC curve, each class against all")
    registry.metric("pr_auc", f"{metrics}.ranking:PRAUC", summary="average precision, each class against all")
    registry.metric("r2", f"{metrics}.values:R2", summary="part of the targets' variance that is explained")
    registry.metric("rmse", f"{metrics}.values:RMSE", summary="root of the mean squared error, in the targets' unit")
    registry.metric("mae", f"{metrics}.values:MAE", summary="mean absolute error, in the targets' unit")
    registry.metric(
        "within_tolerance", f"{metrics}.values:WithinTolerance", summary="fraction of values that come close enough"
    )
    registry.metric("of_output", "pellucid.standard.of_output:OfOutput", summary="a metric of one of several outputs")
    callbacks = "pellucid.standard.callbacks"
    registry.callback("checkpoint", f"{callbacks}.checkpoint:Checkpoint", summary="saves the run now and then")
    registry.callback("best_epoch", f"{callbacks}.best_epoch:BestEpoch", summary="keeps the best epoch's weights")
    registry.callback(
        "early_stopping", f"{callbacks}.early_stopping:EarlyStopping", summary="ends a run that gets no better"
    )
    registry.callback(
        "reduce_on_plateau", f"{callbacks}.plateau:ReduceOnPlateau", summary="a smaller rate where a run gets no better"
    )
    registry.callback("ema", f"{callbacks}.averages:Ema", summary="end with the average of the last steps' weights")
    registry.callback("swa", f"{callbacks}.averages:Swa", summary="end with the average of the last epochs' weights")
    registry.callback("summary", "pellucid.standard.summary:Summary", summary="prints the layers, shapes, parameters")
    registry.callback("progress", "pellucid.standard.progress:Progress", summary="shows how far a run has come")
    registry.callback("finite", "pellucid.standard.finite:Finite", summary="says what is not finite, and where")
    registry.callback("promises", "pellucid.standard.promises:Promises", summary="holds plans against the code")
    registry.callback("trace", "pellucid.glassbox.tracing:Tracing", summary="opens a step: every number by its name")
    registry.callback(
        "tensorboard", "pellucid.standard.callbacks.tensorboard:TensorBoard", summary="writes figures for TensorBoard"
    )
    registry.callback(
        "recorder", "pellucid.glassbox.flight.flight:FlightRecorder", summary="keeps figures of every n-th step"
    )
    registry.callback(
        "first_not_finite", "pellucid.glassbox.first:FirstNotFinite",
        summary="names the first number of a refused step that is not finite",
    )  # fmt: skip
    registry.callback(
        "undisturbed", "pellucid.standard.undisturbed:Undisturbed", summary="lets signals wait until a step is whole"
    )

    registry.dataset("files", "pellucid.standard.files:Files", summary="samples in files of one's own: .csv, .npz")
    registry.dataset("image_folder", "pellucid.standard.images.folder:ImageFolder",
                     summary="images in folders, one for each class")  # fmt: skip
    registry.dataset("mapped", "pellucid.standard.mapped.dataset:Mapped",
                     summary="samples in .npy files that are larger than memory")  # fmt: skip
    registry.feed("batches", "pellucid.standard.batches:Batches", summary="what a function or an iterable yields")
    registry.feed("course", "pellucid.standard.course:Course", summary="the rows of data in the order of each epoch")
    registry.feed("streams", "pellucid.standard.sequences:Streams", summary="long sequences that go on, row by row")
    samplers = "pellucid.standard.samplers"
    registry.sampler("balanced", f"{samplers}:Balanced", summary="all classes in turn, whatever their sizes")
    registry.sampler("groups", f"{samplers}:Groups", summary="pairs or larger groups of one class next to each other")
    registry.sampler(
        "by_length", "pellucid.standard.sequences:ByLength", summary="sequences of similar length in one batch"
    )
    registry.sampler("curriculum", f"{samplers}:Curriculum", summary="easy samples first, then more and more of them")
    transforms = "pellucid.standard.transforms"
    registry.transform("standardize", f"{transforms}:Standardize", summary="mean 0 and deviation 1 on training data")
    registry.transform("flatten", f"{transforms}:FlattenSamples", summary="all features of a sample in one row")
    registry.transform("scale", f"{transforms}:Scale", summary="multiplies by a factor and adds an offset")

    at = "pellucid.standard.ops"
    registry.backend("reference", f"{at}.base:ReferenceOps", summary="plain NumPy; the specification")
    registry.backend("cython", f"{at}.cython:CythonOps", summary="compiled kernels for float32 on the CPU")


@hookimpl(tryfirst=True)  # the first rule of a function counts
def pellucid_derivatives(derivatives: Derivatives) -> None:
    from pellucid.standard.derivatives import TABLE  # slow: NumPy with it, and a manifest waits for nobody

    for function, meaning in TABLE.items():
        derivatives.add(function, meaning)
