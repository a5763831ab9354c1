"""The rival: dlt with its REST source, merging the same list into the same kind of database.

Tuned: the list's nested parts stay JSON (as they do in the product), and primary keys are made, without which its
merge into SQLite takes minutes.
"""

from __future__ import annotations

from .job import Facts, Work, take

DATASET = "dataset"  # a schema on PostgreSQL, a second file beside the named one on SQLite


def prepare(order: Facts) -> Work:
    import dlt
    from dlt.sources.helpers.rest_client.paginators import OffsetPaginator
    from dlt.sources.rest_api import rest_api_source

    def load() -> Facts:
        if order["database"].startswith("postgres"):
            # It insists on a password, for which this server does not ask.
            destination = dlt.destinations.postgres(order["database"].replace("@", ":none@", 1))
        else:
            destination = dlt.destinations.sqlalchemy(f"sqlite:///{order['database']}", create_primary_keys=True)
        endpoint = {
            "path": "pixel",
            "params": {"advertiser_id": order["advertiser"], "sort": "id.asc"},
            "data_selector": "response.pixels",
            "paginator": OffsetPaginator(
                limit=100,
                limit_param="num_elements",
                offset_param="start_element",
                total_path="response.count",
            ),
        }
        if order["incremental"]:
            endpoint["incremental"] = {
                "start_param": "min_last_modified",
                "cursor_path": "last_modified",
                "initial_value": "2000-01-01 00:00:00",
            }
        source = rest_api_source(
            {
                "client": {
                    "base_url": f"http://127.0.0.1:{order['port']}/xandr/",
                    "headers": {"Authorization": order["token"]},
                },
                "resources": [
                    {
                        "name": "pixels",
                        "primary_key": "id",
                        "write_disposition": "merge",
                        "max_table_nesting": 0,
                        "endpoint": endpoint,
                    }
                ],
            }
        )
        pipeline = dlt.pipeline(
            pipeline_name="pixels",
            pipelines_dir=order["directory"],
            destination=destination,
            dataset_name=DATASET,
        )
        pipeline.run(source).raise_on_failed_jobs()
        return {}

    return load


if __name__ == "__main__":
    take(prepare)
