"""One extension of the stable ABI: a wheel built on Python 3.11 serves the later ones, too."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "serkit_native",
            ["src/module.cpp"],
            depends=["src/kernel.inc", "src/checksum.inc"],
            extra_compile_args=["-O3", "-std=c++17", "-ffp-contract=fast"],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
