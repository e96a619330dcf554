extension PythonTaskTests {
    /// What a real Celery 5.7 wrote, byte for byte; only Python's traceback is shortened.
    static let texts = [
        "result_failure": #"""
        {"status": "FAILURE", "result": {"exc_type": "KeyError", "exc_message": ["missing"], "exc_module": "\#
        builtins"}, "traceback": "Traceback (most recent call last):\n  (shortened)\nKeyError: 'missing'\n",\#
         "children": [], "date_done": "2026-11-21T08:03:46.575495+00:00", "task_id": "8cda5d53-4b45-4209-ae3\#
        0-b69055b5ad44"}
        """#,
        "result_progress": #"""
        {"status": "PROGRESS", "result": {"step": 1, "of": 2}, "traceback": null, "children": [], "date_done\#
        ": null, "task_id": "6492cbd8-b759-41e7-9818-a13a21d8310d"}
        """#,
        "result_revoked_expired": #"""
        {"status": "REVOKED", "result": {"exc_type": "TaskRevokedError", "exc_message": ["expired"], "exc_mo\#
        dule": "celery.exceptions"}, "traceback": null, "children": [], "date_done": "2026-11-21T08:07:14.12\#
        6151+00:00", "task_id": "f569b8c9-6b5e-49e4-80bd-fcce42a37fdf"}
        """#,
        "pidbox_query_task": #"""
        {"body": "eyJtZXRob2QiOiAicXVlcnlfdGFzayIsICJhcmd1bWVudHMiOiB7ImlkcyI6IFsiM2UwYWE4MGYtNmNlZi00YjE1LT\#
        liYzYtNzY5ZDQ1Y2U5ZGJhIiwgIjI0MmJhMzE2LTk3NjMtNGQ5OC1hMmNmLTIzMGU3NmM4NGVkMCIsICJmNTY5YjhjOS02YjVlLT\#
        Q5ZTQtODBiZC1mY2NlNDJhMzdmZGYiXX0sICJkZXN0aW5hdGlvbiI6IG51bGwsICJwYXR0ZXJuIjogbnVsbCwgIm1hdGNoZXIiOi\#
        BudWxsLCAidGlja2V0IjogImIwNmQzZjk3LTJiOGMtNGQ1OC04OTlkLTZjN2NjYTY2MzBlZSIsICJyZXBseV90byI6IHsiZXhjaG\#
        FuZ2UiOiAicmVwbHkuY2VsZXJ5LnBpZGJveCIsICJyb3V0aW5nX2tleSI6ICI3MzhlMDM0YS1lZjQ2LTM0N2UtYWU3ZS01YTJhMm\#
        ViN2Q1ZTcifX0=", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"clock\#
        ": 2, "expires": 1795248433.5618482}, "properties": {"delivery_mode": 2, "delivery_info": {"exchange\#
        ": "celery.pidbox", "routing_key": ""}, "priority": 0, "body_encoding": "base64", "delivery_tag": "5\#
        3c90009-dab9-4d9c-98bf-ad8f9074b5b0"}}
        """#,
        "pidbox_reply_active": #"""
        {"body": "eyJ3MUB2bSI6IFt7ImlkIjogImY4N2FiMDE5LWRiOTItNGVjNC04OWM5LTFmZDc2YzgzZjM2ZiIsICJuYW1lIjogIn\#
        Auc2xlZXAiLCAiYXJncyI6IFs2XSwgImt3YXJncyI6IHt9LCAidHlwZSI6ICJwLnNsZWVwIiwgImhvc3RuYW1lIjogIncxQHZtIi\#
        wgInRpbWVfc3RhcnQiOiAxNzk1MjQ4MzM3LjA5MTc4MDcsICJhY2tub3dsZWRnZWQiOiB0cnVlLCAiZGVsaXZlcnlfaW5mbyI6IH\#
        siZXhjaGFuZ2UiOiAiIiwgInJvdXRpbmdfa2V5IjogImNlbGVyeSIsICJwcmlvcml0eSI6IDAsICJyZWRlbGl2ZXJlZCI6IGZhbH\#
        NlfSwgIndvcmtlcl9waWQiOiAyMjExMX0sIHsiaWQiOiAiNjkwYjI1OWMtNDhkOC00ZWQwLWI3ZjYtMWU2YzBlOGY3YzIyIiwgIm\#
        5hbWUiOiAicC5zbGVlcCIsICJhcmdzIjogWzZdLCAia3dhcmdzIjoge30sICJ0eXBlIjogInAuc2xlZXAiLCAiaG9zdG5hbWUiOi\#
        AidzFAdm0iLCAidGltZV9zdGFydCI6IDE3OTUyNDgzMzcuMDgzNjQsICJhY2tub3dsZWRnZWQiOiB0cnVlLCAiZGVsaXZlcnlfaW\#
        5mbyI6IHsiZXhjaGFuZ2UiOiAiIiwgInJvdXRpbmdfa2V5IjogImNlbGVyeSIsICJwcmlvcml0eSI6IDAsICJyZWRlbGl2ZXJlZC\#
        I6IGZhbHNlfSwgIndvcmtlcl9waWQiOiAyMjEyMn1dfQ==", "content-encoding": "utf-8", "content-type": "appli\#
        cation/json", "headers": {"ticket": "76df4c48-f998-4ef8-961c-5fb0593f245c", "clock": 7}, "properties\#
        ": {"delivery_mode": 1, "delivery_info": {"exchange": "reply.celery.pidbox", "routing_key": "fc9af71\#
        e-d466-3c93-824d-11c2dcf4794b"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "45124214\#
        -0beb-46a6-acbf-a1476e7c0491"}}
        """#,
    ]
}
