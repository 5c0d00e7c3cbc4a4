"""From a name to a component and back: plugins, their manifests, configurations."""
