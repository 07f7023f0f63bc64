"""The app behind the pages: navigation, session state, services, charts, components."""
