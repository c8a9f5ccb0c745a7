from uuid import UUID

from celery import shared_task


@shared_task(name="llm.test_endpoint")
def test_endpoint(test_id: str) -> None:
    from webapp.llm import testing

    testing.run_test(test_id=UUID(test_id))
