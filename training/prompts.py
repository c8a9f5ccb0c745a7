from annotation.prompts import Message, Turn, prompt_messages, seeker_messages

__all__ = ["Message", "Turn", "prompt_messages", "seeker_messages"]
