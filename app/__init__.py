"""The Streamlit app: navigation, session state, services, charts and components."""
