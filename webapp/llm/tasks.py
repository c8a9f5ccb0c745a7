from uuid import UUID

from celery import shared_task

from webapp.llm import calls


@shared_task(name="llm.test_endpoint")
def test_endpoint(endpoint_id: str, call_id: str) -> None:
    calls.run_test(endpoint_id=UUID(endpoint_id), call_id=UUID(call_id))
