"""Renders what a cluster is given, and checks it: manifests, pods of runs and steps, dagster.yaml.

Neither a cluster nor Helm is needed. `make k8s-render` calls it.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import kubernetes.client  # type: ignore[import-untyped]  # it ships no types
import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import yaml  # type: ignore[import-untyped]  # it ships no types
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import (
    DagsterK8sJobConfig,
    UserDefinedDagsterK8sConfig,
    construct_dagster_k8s_job,
)
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from deploy import chart
from deploy.given import (
    MANIFESTS,
    Body,
    Manifest,
    bad_quantities,
    bad_texts,
    complaints,
    manifests,
    other_namespaces,
    settings_of,
)
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.kubernetes_settings import Spot
from mmrag_pipeline.resources.k8s import cpu_step, gpu_step, models_without_gpu
from mmrag_pipeline.resources.k8s_executor import context_of_step
from mmrag_pipeline.resources.k8s_rules import check_cluster
from mmrag_pipeline.settings import Settings

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34")
SPOTS = get_args(Spot)
STEPS = {"gpu": gpu_step, "cpu": cpu_step, "without-gpu": models_without_gpu}
_UNKNOWN = ("karpenter.sh/",)
"""Groups of kinds that Kubernetes itself does not have."""
_OK, _NOT_CHECKED = "ok", "not checked"


@dataclass(frozen=True, slots=True)
class Rendered:
    """An object, the file it is written to, and what the versions of Kubernetes say of it."""

    path: Path
    body: Body
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Return whether no version refuses it."""
        return all(word in (_OK, _NOT_CHECKED) for word in self.said.values())

    def checked(self) -> "Rendered":
        """Return it with what each version says."""
        return Rendered(self.path, self.body, {v: _said(self.body, v) for v in VERSIONS})


def pods(settings: Settings, values: chart.Values) -> Iterator[Rendered]:
    """Yield the jobs of a run, and of its steps for each kind of spot machine."""
    run = _context(values)
    yield Rendered(Path("pods", "run.yaml"), _job(run, "run_worker", values))
    for spot in SPOTS:
        those = settings.model_copy(update={"k8s_spot": spot})
        for name, config in STEPS.items():
            context = context_of_step(run, config(those))
            path = Path("pods", f"step-{name}-{spot}.yaml")
            yield Rendered(path, _job(context, "step_worker", values))


def chart_errors(schema_file: Path, values: chart.Values) -> list[str]:
    """Return what the chart's own schema has against our values.

    The chart's values.yaml, which ours go over, lies beside its values.schema.json. What the
    schema asks Kubernetes' definitions for, `kubernetes-validate` brings.
    """
    schema = yaml.safe_load(schema_file.read_text())
    defaults = yaml.safe_load(schema_file.with_name("values.yaml").read_text())
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    registry = Registry(retrieve=_definitions)  # type: ignore[call-arg]  # attrs names it so
    validator = kind(schema, registry=registry)
    found = validator.iter_errors(chart.merged(defaults, values))
    return [f"{error.json_path}: {error.message}" for error in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """Render all into a folder; return 1 when something is refused."""
    parser = argparse.ArgumentParser(prog="python -m deploy.render", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/k8s"), metavar="FOLDER")
    parser.add_argument("--manifests", type=Path, default=MANIFESTS, metavar="FOLDER")
    parser.add_argument("--values", type=Path, default=chart.VALUES, metavar="FILE")
    parser.add_argument(
        "--chart-schema",
        type=Path,
        metavar="FILE",
        help="values.schema.json of Dagster's chart, with its values.yaml beside it",
    )
    given = parser.parse_args(arguments)
    try:
        return _render(given)
    except SettingsError as error:
        return _told([str(error)])
    except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError) as error:
        sys.stderr.write(
            f"{given.values} and {given.manifests} cannot be rendered: "
            f"{type(error).__name__}: {error}. Those in {MANIFESTS.parent} can: compare with them\n"
        )
        return 1


def _render(given: argparse.Namespace) -> int:
    values = chart.values(given.values)
    objects = list(manifests(given.manifests))
    if unreadable := [*bad_texts(objects)]:
        return _told(unreadable)
    harmful = [*_harmful(objects, values, given.values)]
    try:
        settings = settings_of(objects)
    except SettingsError as error:
        return _told([*harmful, str(error)])
    written = (
        Rendered(Path("objects", f"{one.body['kind']}-{one.name}.yaml"), one.body)
        for one in objects
    )
    rendered = [one.checked() for one in (*written, *pods(settings, values))]
    for one in rendered:
        _write(given.out / one.path, one.body)
    _write(given.out / "dagster.yaml", chart.instance(values))
    _show(rendered)
    wrong = [*harmful, *_refused(settings, given.out / "dagster.yaml")]
    if given.chart_schema:
        wrong += [f"values.yaml: {error}" for error in chart_errors(given.chart_schema, values)]
    return _told(wrong) or int(not all(one.is_valid for one in rendered))


def _told(wrong: Sequence[str]) -> int:
    """Write what is wrong, a line each; return the exit status."""
    for error in wrong:
        sys.stderr.write(f"{error}\n")
    return int(bool(wrong))


def _harmful(objects: Sequence[Manifest], values: chart.Values, file: Path) -> Iterator[str]:
    yield from complaints(objects)
    yield from other_namespaces(objects, chart.namespace(values))
    yield from (f"{file}: {line}" for line in bad_quantities(values))


def _context(values: chart.Values) -> K8sContainerContext:
    """Return what a run's pod is made of: the launcher's configuration and the code location's."""
    launcher = chart.instance(values)["run_launcher"]["config"]
    own = UserDefinedDagsterK8sConfig.from_dict(launcher["run_k8s_config"])  # type: ignore[no-untyped-call]
    of_launcher = K8sContainerContext(
        image_pull_policy=launcher["image_pull_policy"],
        service_account_name=launcher["service_account_name"],
        namespace=launcher["job_namespace"],
        resources=launcher["resources"],
        run_k8s_config=own,
    )
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    location = {"k8s": chart.handed_on(deployment, values)}
    return of_launcher.merge(K8sContainerContext.create_from_config(location))


def _job(context: K8sContainerContext, component: str, values: chart.Values) -> Body:
    launcher = chart.instance(values)["run_launcher"]["config"]
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    config = DagsterK8sJobConfig(
        job_image=chart.image(deployment["image"]),
        dagster_home=launcher["dagster_home"],
        instance_config_map=launcher["instance_config_map"],
        postgres_password_secret=launcher["postgres_password_secret"],
    )
    job = construct_dagster_k8s_job(
        config,
        ["dagster", "api", "execute_run" if component == "run_worker" else "execute_step"],
        f"dagster-{component.replace('_worker', '')}",
        context.run_k8s_config,
        component=component,
    )
    body: Body = kubernetes.client.ApiClient().sanitize_for_serialization(job)
    return body


def _said(body: Body, version: str) -> str:
    if body["apiVersion"].startswith(_UNKNOWN):
        return _NOT_CHECKED
    try:
        kubernetes_validate.validate(dict(body), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{error.json_path}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return str(error.message)
    return _OK


def _refused(settings: Settings, instance_config: Path) -> Iterator[str]:
    try:
        check_cluster(settings, instance_config)
    except SettingsError as error:
        yield str(error)


def _definitions(uri: str) -> Resource[Any]:
    """Return Kubernetes' definitions in place of the file on the web that a schema names."""
    name = f"kubernetes-json-schema/v{VERSIONS[0]}.0-local/_definitions.json"
    definitions = kubernetes_validate.utils.schema_contents(name, VERSIONS[0])["$defs"]
    return DRAFT202012.create_resource({"definitions": definitions, "$defs": definitions})


def _write(path: Path, body: Body) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(body), sort_keys=False))


def _show(rendered: Sequence[Rendered]) -> None:
    """Print a line per object, and a word per version of Kubernetes."""
    width = max(len(str(one.path)) for one in rendered)
    sys.stdout.write(f"{'object':{width}}  {'  '.join(VERSIONS)}\n")
    for one in rendered:
        words = {_OK: "ok", _NOT_CHECKED: "-"}
        marks = "  ".join(f"{words.get(one.said[v], 'BAD'):4}" for v in VERSIONS)
        sys.stdout.write(f"{one.path!s:{width}}  {marks.rstrip()}\n")
        for reason in sorted({word for word in one.said.values() if word not in words}):
            sys.stderr.write(f"{one.path}: {reason}\n")


if __name__ == "__main__":
    sys.exit(main())
