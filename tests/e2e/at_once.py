"""What the real program does at once: calls of one response, background work, waiting prompts."""

import json

from e2e.claude import SKIP
from e2e.scenario import NEW, Run, Scenario, Step, bash, follow, launch, read
from e2e.scripts import Call

PARALLEL = Scenario(
    "parallel",
    {"parallel": [[read(f"@project/{name}.txt") for name in "abcde"]]},
    tuple(
        Step(f"parallel_1_{place}", "tool", "Read", f"@project/{name}.txt")
        for place, name in enumerate("abcde")
    ),
    files={f"{name}.txt": f"{name}\n" for name in "abcde"},
)

UNTIL_STOP = "until grep -qs :.Stop @witnessed/*; do sleep 0.05; done"
BACKGROUND = Scenario(
    "background",
    {
        "background": [[launch("slow", background=True)], ["It works on."], ["It is done."]],
        "slow": [[bash(UNTIL_STOP)], ["The slow one is done."]],
    },
    (
        Step("background_1_0", "agent", "general-purpose", "Play slow"),
        Step("slow_1_0", "tool", "Bash", UNTIL_STOP, within="background_1_0"),
    ),
    agents=1,
    prompts=("user", "agent"),
    since=NEW,  # before, print mode ends without waiting for it
)

QUEUED = Scenario(
    "queued",
    {
        "early": [[bash("sleep 0.5; echo early")], ["Done."]],
        "late": [[bash("echo late")], ["Done."]],
    },
    (
        Step("early_1_0", "tool", "Bash", "sleep 0.5; echo early"),
        Step("late_1_0", "tool", "Bash", "echo late"),
    ),
    runs=(
        Run(
            "".join(
                json.dumps({"type": "user", "message": {"role": "user", "content": follow(script)}})
                + "\n"
                for script in ("early", "late")
            ),
            (SKIP, "--input-format", "stream-json"),
        ),
    ),
    summary=f"{follow('early')}\n{follow('late')}",
    since=(2, 1, 330),  # before, no hook tells of a prompt that waits for the one before it
)

MANY = Scenario(
    "many",
    {
        "many": [
            [
                bash(f"sleep 0.{place % 7}; printf '%020000d' {place}") if place % 3 == 0
                else read(f"@project/\u00fc \u4e2d{place}.txt")
                for place in range(30)
            ],
            ["That was much."],
        ]
    },
    tuple(
        Step(f"many_1_{place}", "tool", "Bash", f"sleep 0.{place % 7}; printf '%020000d' {place}")
        if place % 3 == 0
        else Step(f"many_1_{place}", "tool", "Read", f"@project/\u00fc \u4e2d{place}.txt")
        for place in range(30)
    ),
    files={f"\u00fc \u4e2d{place}.txt": "a\n" for place in range(30)},
)  # fmt: skip

BEHIND = Scenario(
    "behind",
    {
        "behind": [
            [Call("Bash", {"command": "sleep 1; echo behind", "run_in_background": True})],
            [bash("echo before")],
            ["It runs behind."],
        ]
    },
    (
        Step("behind_1_0", "tool", "Bash", "sleep 1; echo behind"),
        Step("behind_2_0", "tool", "Bash", "echo before"),
    ),
    prompts=("user", "agent"),
    since=NEW,  # before, print mode ends without waiting for it
)
