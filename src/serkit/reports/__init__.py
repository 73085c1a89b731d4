"""Figures and pages made from runs and stores."""
