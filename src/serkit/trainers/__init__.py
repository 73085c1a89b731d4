"""The models, one trainer a file; the contract is :class:`serkit.models.trainer.Trainer`."""
