"""A page to publish: a trained model as one HTML file, whose forward is JavaScript made of the model's layers."""
