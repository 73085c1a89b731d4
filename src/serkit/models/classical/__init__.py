"""Models by scikit-learn and XGBoost: pipelines, inner choice by speaker, safe files."""
