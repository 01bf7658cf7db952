"""Global training: from what listeners have shared to the model that everybody starts from next."""
