"""What people see: the Streamlit app. It reads the marts, as a role that can do nothing else."""
