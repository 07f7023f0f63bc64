"""What the wheel holds; everything else about the package stands in pyproject.toml."""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

APP = "lane_core.web"


class BuildWithApp(build_py):
    """Builds the package; what stands for the app's is this folder, of which only the files named below are taken."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Return the modules of a package: none of this folder, where there is only this script."""
        return [] if package == APP else super().find_package_modules(package, package_dir)


setup(
    cmdclass={"build_py": BuildWithApp},
    # The app is run as files, not imported: it travels inside the package, as the folder web, instead of putting
    # packages called app and pages beside everybody else's.
    packages=[*find_packages(include=["lane_core*"]), APP],
    package_dir={APP: "."},
    package_data={
        "": ["*.css", "*.csv", "*.html", "*.js", "*.json.gz", "WORDNET_LICENSE"],
        APP: [
            ".streamlit/config.toml",
            "app/**/*.css",
            "app/**/*.html",
            "app/**/*.js",
            "app/**/*.png",
            "app/**/*.py",
            "pages/*.py",
            "sample_data/*",
        ],
    },
)
