"""A process that is forked after a Predictor was used can use it, and can end."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs fork, and glibc's on_exit"
)

BEGIN = """
    import multiprocessing, os, signal, sys, warnings
    signal.alarm(120)  # it ends whoever hangs
    os.register_at_fork(after_in_child=lambda: signal.alarm(60))
    import numpy as np
    from melonnx import Predictor
    warnings.simplefilter("ignore")
    predictor = Predictor("genre-small", device="cpu", threads=2)
    song = np.random.default_rng(0).standard_normal(22050 * 12).astype(np.float32) * 0.1
    here = predictor.predict_array(song, 22050).probabilities
    def same():
        return predictor.predict_array(song, 22050).probabilities == here
"""


def run(script):
    script = textwrap.dedent(BEGIN) + textwrap.dedent(script)
    line = [sys.executable, "-c", script]
    result = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    return result.stdout, result.returncode


@pytest.mark.parametrize("use", ["False", "True"])
@pytest.mark.parametrize(("end", "status"), [("sys.exit(3)", 3), ("raise ValueError", 1)])
def test_a_forked_child_ends_with_its_own_status(use, end, status):
    out, code = run(f"""
        child = os.fork()
        if not child:
            sys.stderr = open(os.devnull, "w")
            print("same" if not {use} or same() else "another")  # in Python's buffer at the end
            {end}
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), same())
    """)
    assert (out.splitlines(), code) == (["same", f"{status} True"], 0)


def test_children_of_children_and_of_multiprocessing_are_answered():
    out, code = run("""
        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            asked = [pool.apply_async(same) for _ in range(4)]
            print([one.get(60) for one in asked])
        if not os.fork():
            grandchild = os.fork()
            if grandchild:
                os.waitpid(grandchild, 0)
            print(same(), flush=True)
            sys.exit()
        os.wait()
        print("end")
    """)
    assert (out.splitlines(), code) == (["[True, True, True, True]", "True", "True", "end"], 0)
