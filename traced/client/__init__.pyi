from traced.client.steps import Step as Step
from traced.client.steps import step as step
