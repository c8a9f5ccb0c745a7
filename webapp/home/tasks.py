from celery import shared_task


@shared_task(name="home.go_on_with_demo")
def go_on_with_demo() -> None:
    from webapp.home import demo_runs

    demo_runs.go_on()
